"""Models behind an HTTP server that speaks OpenAI's protocol.

``address`` reads what the user typed, ``protocol`` makes a request's body and reads its answer,
``client`` sends and judges responses, ``retries`` decides when to send again, ``dispatch`` keeps
several requests in flight, ``probes`` proves what a server claims, and ``model`` joins them.
"""
