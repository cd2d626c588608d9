"""What a configuration schema may hold: the closed schema of Config Schema v1, then the rules it cannot say."""
