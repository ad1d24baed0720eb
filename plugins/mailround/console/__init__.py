"""The console: pages of ours inside the Airflow UI, for what Airflow cannot show (docs/adr/0034)."""
