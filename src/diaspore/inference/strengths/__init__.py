"""Strengths of treatments, found from published effects of randomised trials, frozen before any prediction."""
