"""A real Airflow on this machine's loopback, for the demo, for trying things out, and for the end-to-end tests."""
