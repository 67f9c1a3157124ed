"""Turn the Clothing Co-Parsing (CCP) photos into a data set with LIP's 20 labels."""
