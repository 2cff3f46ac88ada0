"""Receives Bellwire's webhooks with Flask; needs the raw body and the standard library's hmac."""

import hashlib
import hmac
import os

from flask import Flask, abort, jsonify, request
from werkzeug.serving import make_server

app = Flask(__name__)
secret = os.environ["WEBHOOK_SECRET"].encode()


@app.post("/webhooks/agent-task-updates")
def agent_task_update():
    signature = request.headers.get("X-Agent-Signature")
    if signature is None:
        abort(400, "missing signature")
    expected = hmac.new(secret, request.data, hashlib.sha256).hexdigest()
    # As bytes, because compare_digest refuses text that is not ASCII.
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        abort(403, "wrong signature")
    event = request.get_json()
    print(event["event_type"], event.get("task_id"), event.get("status"), flush=True)
    return jsonify(ok=True)


if __name__ == "__main__":
    server = make_server("127.0.0.1", int(os.environ.get("PORT", "3000")), app, threaded=True)
    print(
        f"listening on http://127.0.0.1:{server.server_port}/webhooks/agent-task-updates",
        flush=True,
    )
    server.serve_forever()
