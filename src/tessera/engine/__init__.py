"""The verbs: issue, verify, replace, revoke. They alone write rows."""
