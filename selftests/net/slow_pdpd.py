#!/usr/bin/env python3
"""A pdpd that takes 3 seconds for each change and has 12 of 50 guests ready all the while."""
import json, socketserver, sys, time
from http.server import BaseHTTPRequestHandler

CHANGE = {"what": "apply", "step": "wait", "new_guests": 50, "new_guests_ready": 12, "leaving_guests": 0}
DONE = {"changes": [], "add": 1, "change": 0, "remove": 0, "applied": True, "took_ms": 3000}


class Handler(BaseHTTPRequestHandler):
    def answer(self, value):
        text = json.dumps([value]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer({"name": "slow", "change": CHANGE})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(3)
        self.answer(DONE)

    def address_string(self):
        return "client"

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


Server(sys.argv[1], Handler).serve_forever()
