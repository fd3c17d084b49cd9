"""示例街道环境整治: a scheme of envrules."""
