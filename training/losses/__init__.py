"""What training minimises: one module per term."""
