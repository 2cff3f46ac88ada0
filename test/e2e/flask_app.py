"""A webhook receiver as many Python services have one: verify, remember, answer 200."""

import hashlib
import hmac
import os

from flask import Flask, abort, jsonify, request
from werkzeug.serving import make_server

app = Flask(__name__)
secret = os.environ["WEBHOOK_SECRET"].encode()
seen = []


@app.post("/webhooks/agent-task-updates")
def agent_task_update():
    expected = hmac.new(secret, request.data, hashlib.sha256).hexdigest()
    signature = request.headers.get("X-Agent-Signature", "")
    if not hmac.compare_digest(expected, signature):
        abort(403, description="invalid signature")
    event = request.get_json()
    seen.append(
        {
            "webhook_id": event["webhook_id"],
            "event_type": event["event_type"],
            "task_id": event["task_id"],
            "status": event["status"],
        }
    )
    return jsonify(ok=True)


@app.get("/seen")
def list_seen():
    return jsonify(seen)


@app.errorhandler(403)
def forbidden(error):
    return jsonify(error=error.description), 403


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
