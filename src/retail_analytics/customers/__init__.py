"""What is learned of customers: segments, clusters, lifetime values, churn."""
