"""CI and CD: workflows that call fullcycle's commands and go by their exit codes, for GitHub and GitLab."""
