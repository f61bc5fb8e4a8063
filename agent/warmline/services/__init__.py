"""The caches in the words of the domain: agents, knowledge, speech; and answers, which joins the first two."""
