"""Models whose requests are shared by the workers of a Ray cluster.

``connection`` joins a cluster or starts one, ``room`` decides what each worker is given, ``actor``
is the part that runs on the nodes, ``workers`` starts and checks actors, ``dispatch`` shares
batches among them, and ``model`` joins these. Only ``connection`` and ``workers`` import Ray, and
only when a model is opened.
"""
