"""What Jupyter's page does, as programs for a notebook's pod.

They speak over websockets through the gateway, with the cookies and the Origin of a browser that is
logged in. Their arguments: the notebook's URL, its token, a kernel, and what is said below.
"""

PAGE = """\
import http.cookiejar, json, pathlib, select, sys, time, urllib.request, uuid
from websocket import WebSocketBadStatusException, create_connection

url, token, kernel, code = sys.argv[1:]
headers = {"Authorization": "token " + token}
jar = http.cookiejar.CookieJar()
urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)).open(f"{url}/lab?token={token}")
cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def ask(path, body=None):
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, sent, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def connect(path, origin):
    return create_connection(
        "ws" + url.removeprefix("http") + path, cookie=cookies, origin=origin, timeout=60
    )


def execute(cell, code):
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3",
              "username": "", "session": uuid.uuid4().hex, "date": ""}
    cell.send(json.dumps({"header": header, "parent_header": {}, "metadata": {},
                          "content": content, "channel": "shell"}))
    while True:
        message = json.loads(cell.recv())
        if message["parent_header"].get("msg_id") == header["msg_id"]:
            yield message["msg_type"], message["content"]


def run(cell, code):
    for kind, content in execute(cell, code):
        if kind == "stream" and content["name"] == "stdout":
            print(content["text"], end="")
        if kind == "execute_reply":
            print(content["status"])
            return


def type_in(line):
    line.send(json.dumps(["stdin", "echo $((6 * 7))-[$JUPYTER_TOKEN]\\r"]))
    seen = ""
    while "42-[" not in seen or "]" not in seen.partition("42-[")[2]:
        kind, *rest = json.loads(line.recv())
        seen += rest[0] if kind == "stdout" else ""
    print("terminal", seen.partition("42-[")[2].partition("]")[0] or "nothing")


made = ask("/api/kernels", {"name": kernel})["id"]
try:
    connect(f"/api/kernels/{made}/channels", "http://elsewhere.example")
except WebSocketBadStatusException as error:
    print("elsewhere", error.status_code)
cell = connect(f"/api/kernels/{made}/channels", url)
terminal = ask("/api/terminals", {})["name"]
line = connect(f"/terminals/websocket/{terminal}", url)
"""
SESSION = f"{PAGE}run(cell, code)\ntype_in(line)\n"
"""Runs a cell, the last argument, and a line of a terminal."""
SILENCE = f"""\
{PAGE}
seconds = float(code)
left = ask("/api/kernels", {{"name": kernel}})["id"]
closed = connect(f"/api/kernels/{{left}}/channels", url)
work = f"import time; time.sleep({{seconds}}); open('/root/easymaker/done', 'w').close()"
next(kind for kind, _ in execute(closed, work) if kind == "execute_input")
closed.close()
end, pings = time.monotonic() + seconds, []
while (rest := end - time.monotonic()) > 0:
    for ready in select.select([cell, line], [], [], rest)[0]:
        opcode, frame = ready.recv_data_frame(control_frame=True)
        assert opcode != 8, frame.data
        pings += [ready] if opcode == 9 else []
assert {{cell, line}} <= set(pings), "no ping kept the lines open"
run(cell, "print(6 * 7)")
type_in(line)
while ask(f"/api/kernels/{{left}}")["execution_state"] == "busy":
    time.sleep(0.2)
print("done", pathlib.Path("/root/easymaker/done").exists())
"""
"""A cell is left to run for so many seconds, the last argument; another page is silent as long."""
