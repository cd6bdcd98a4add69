"""What all pages for people share: templates, forms, sessions, CSRF, security headers, error pages."""
