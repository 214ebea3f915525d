"""What is learnt: category, reason, urgency, emotion; calibration, evidence, saving."""
