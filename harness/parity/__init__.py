"""Where one model was made from another: do they read alike, do they answer alike, and where not.

``values`` are what is found, ``chain`` finds it; pages and tables are made of the values alone.
"""
