"""Lets phones on the local network in: the API, sign-in, uploads and videos, and nothing else.

The local AWS has no guard: whoever reaches its port may do everything. So it stays on the loopback,
and a process of its own (`python -m local.lan`) listens on the LAN's address and passes on only
what stands on its list. `enliven up --lan` opens it, any other `up` and `down` close it.

    address      which address, and whether it is fit
    opening      starts and stops the process
    front        what is passed on, what is refused
    request      what a request must look like before anything else is looked at
    signatures   presigned URLs and forms, checked before the local AWS sees them
    forms        an upload's fields, read before its file, and written anew
    upstream     passing on
    connections  time limits and counts of connections
    page         what a phone needs to know
    refusals     problem details
"""
