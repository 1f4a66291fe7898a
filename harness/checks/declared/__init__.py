"""The values that a task declares and checks are made from."""
