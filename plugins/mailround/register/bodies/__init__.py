"""What entries say: one typed body per kind, in three modules by what they speak of."""
