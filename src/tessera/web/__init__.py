"""What every door to the web does with the requests and responses of Django. No REST framework here."""
