"""The verbs: issue, verify, redeem, replace, revoke. They alone write rows."""
