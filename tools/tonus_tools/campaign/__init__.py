"""Every single fault, played at a random moment of a drawn session, judged at the electrodes: CAMPAIGN.md."""
