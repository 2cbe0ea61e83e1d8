"""A real S3 server for tests, versitygw over a directory, and pyarrow's S3 client as the witness of what is in it."""
import os, pathlib, socket, subprocess, tempfile, time
import pyarrow.fs

DEPS = pathlib.Path(os.environ.get("MILLRACE_DEPS", pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "millrace/deps"))
SERVER = DEPS / "versitygw-1.8.0/versitygw"
KEYS = {"AWS_ACCESS_KEY_ID": "millrace", "AWS_SECRET_ACCESS_KEY": "a secret of tests", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ObjectStore:
    """One bucket, `events`; state survives stop() and start(). On the disk of the repository's temporary files: it needs extended attributes."""

    def __init__(self, bucket="events"):
        self.folder = tempfile.TemporaryDirectory(prefix="millrace_s3_")
        self.port, self.bucket, self.process = free_port(), bucket, None
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.start()
        self.files = pyarrow.fs.S3FileSystem(access_key=KEYS["AWS_ACCESS_KEY_ID"], secret_key=KEYS["AWS_SECRET_ACCESS_KEY"], endpoint_override=f"127.0.0.1:{self.port}",
                                             scheme="http", region="us-east-1", allow_bucket_creation=True, allow_bucket_deletion=True)
        self.files.create_dir(bucket)

    def start(self):
        log = open(pathlib.Path(self.folder.name) / "server.log", "ab")
        root = pathlib.Path(self.folder.name) / "objects"
        root.mkdir(exist_ok=True)
        environment = {**os.environ, "ROOT_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": KEYS["AWS_SECRET_ACCESS_KEY"]}
        self.process = subprocess.Popen([SERVER, "--port", f"127.0.0.1:{self.port}", "posix", root], env=environment, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, (pathlib.Path(self.folder.name) / "server.log").read_text()
                time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        self.folder.cleanup()

    def read(self, key):
        with self.files.open_input_stream(f"{self.bucket}/{key}") as stream:
            return stream.read()

    def keys(self, prefix=""):
        """Of the objects below a prefix, without the bucket's name; none if there is no such folder."""
        chosen = pyarrow.fs.FileSelector(f"{self.bucket}/{prefix}".rstrip("/"), recursive=True, allow_not_found=True)
        return sorted(info.path[len(self.bucket) + 1:] for info in self.files.get_file_info(chosen) if info.is_file)
