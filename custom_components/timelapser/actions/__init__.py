"""Actions by subject: what automations and scripts can ask for; `services.py` registers them."""
