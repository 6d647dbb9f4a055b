"""Serves mesh.v1.ObserverPlugin (plugin.proto) on the socket that the sidecar names."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import grpc

import plugin_pb2 as mesh
from maintenance import ConfigError, Maintenance

API_VERSION = "mesh.v1"
# One thread stays with each Observe stream; the others answer Describe, which is the heartbeat, and Execute.
OBSERVE_STREAMS = 1
THREADS = OBSERVE_STREAMS + 4
GRACE_SECONDS = 1


class ObserverPlugin:
    def __init__(self):
        self._maintenance = Maintenance({})

    def describe(self, request, context):
        if API_VERSION not in request.api_versions:
            offered = ", ".join(request.api_versions)
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"speaks {API_VERSION}, not {offered}")
        try:
            self._maintenance = Maintenance(json.loads(request.config_json or "{}"))
        except ConfigError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return mesh.DescribeResponse(
            api_version=API_VERSION,
            name=os.environ["MESH_PLUGIN_NAME"],
            version=os.environ["MESH_PLUGIN_VERSION"],
            positions=[0],
            observe_streams=OBSERVE_STREAMS,
        )

    def execute(self, request, context):
        yield from self._answer(request)

    def observe(self, ups, context):
        for up in ups:
            # A cancelled question is answered by then: nothing in here takes long.
            if up.WhichOneof("message") != "request":
                continue
            request = up.request
            for response in self._answer(request):
                yield mesh.ObserveDown(id=request.id, position=request.position, next=response)
            yield mesh.ObserveDown(id=request.id, position=request.position, completed=True)

    def _answer(self, request):
        """No response allows the request."""
        closed = self._maintenance.decide(_header(request, b"x-mesh-remote-ip"))
        if closed is None:
            return
        seconds, message = closed
        headers = [
            mesh.Header(key=b"Retry-After", value=[str(seconds).encode()]),
            mesh.Header(key=b"Content-Type", value=[b"text/plain; charset=utf-8"]),
        ]
        yield mesh.MeshResponse(http_code=503, header_set=headers, body=message)


def _header(request, name):
    """The first value of a header, whatever the case of its name; they are bytes, one for each char of the wire."""
    for header in request.headers:
        if header.key.lower() == name:
            return header.value[0].decode("latin-1")
    return ""


def _handlers(plugin):
    def encode(message):
        return message.SerializeToString()

    return grpc.method_handlers_generic_handler(
        "mesh.v1.ObserverPlugin",
        {
            "Describe": grpc.unary_unary_rpc_method_handler(
                plugin.describe, mesh.DescribeRequest.FromString, encode
            ),
            "Execute": grpc.unary_stream_rpc_method_handler(
                plugin.execute, mesh.MeshRequest.FromString, encode
            ),
            "Observe": grpc.stream_stream_rpc_method_handler(
                plugin.observe, mesh.ObserveUp.FromString, encode
            ),
        },
    )


def main():
    server = grpc.server(ThreadPoolExecutor(max_workers=THREADS))
    server.add_generic_rpc_handlers((_handlers(ObserverPlugin()),))
    server.add_insecure_port("unix:" + os.environ["MESH_PLUGIN_SOCKET"])
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(GRACE_SECONDS))
    server.wait_for_termination()


if __name__ == "__main__":
    main()
