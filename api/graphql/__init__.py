"""/graphql: what a request means, which document it names, and how it is answered."""
