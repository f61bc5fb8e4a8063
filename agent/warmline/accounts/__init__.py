"""What each organisation may ask and spend, and what it has used."""
