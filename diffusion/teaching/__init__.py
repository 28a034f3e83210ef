"""What the lessons teach with: pictures, figures, feedback on exercises, and widgets."""
