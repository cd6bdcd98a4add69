"""The clock's face: claims deliveries and hands each to its handler; runs the jobs that time demands."""
