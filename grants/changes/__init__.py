"""The only writers of grants: plugins, tools and permissions of a number, and toolkits."""
