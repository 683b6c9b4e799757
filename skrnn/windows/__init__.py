"""Windows of rows: where rows belong, and the transformer that makes windows of them."""
