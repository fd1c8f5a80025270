"""What each way to learn must show, measured on the tulip, whose factors are known."""
