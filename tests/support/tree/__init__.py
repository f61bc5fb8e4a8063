"""What the repository holds, read without Ansible: its files, plugins, programs and templates."""
