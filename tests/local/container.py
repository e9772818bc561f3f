"""Runs the model server as SageMaker runs its container: when it ends, it is started again.

Each start prints the server's process id, so that a test can end exactly that process.
"""

import json
import signal
import subprocess
import sys
import threading

PAUSE_SECONDS = 0.2
STARTED = "container_started"


def main() -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    while not stopping.is_set():
        server = subprocess.Popen([sys.executable, "-m", "model_endpoint.serve"])
        sys.stdout.write(json.dumps({"event": STARTED, "pid": server.pid}) + "\n")
        sys.stdout.flush()
        while server.poll() is None and not stopping.wait(PAUSE_SECONDS):
            pass
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
