import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { eventually, freePort, spawnOwned } from "../../harness/server.mjs"
import { send } from "./measure.mjs"

/** nginx serving the files of one directory, on its own configuration and port, as our own process. */
export class Nginx {
  static async start(scratch) {
    const nginx = new Nginx()
    nginx.root = join(scratch, "www")
    mkdirSync(nginx.root)
    const port = await freePort()
    nginx.url = `http://127.0.0.1:${port}`
    const configuration = join(scratch, "nginx.conf")
    writeFileSync(configuration, `
      daemon off;
      worker_processes 2;
      pid ${scratch}/nginx.pid;
      error_log ${scratch}/nginx.error.log;
      ${process.getuid() === 0 ? "user root;" : ""}
      events { worker_connections 1024; }
      http {
        access_log off;
        sendfile on;
        tcp_nopush on;
        keepalive_timeout 60s;
        keepalive_requests 100000000;
        default_type application/json;
        client_body_temp_path ${scratch}/nginx-body;
        proxy_temp_path ${scratch}/nginx-proxy;
        fastcgi_temp_path ${scratch}/nginx-fastcgi;
        uwsgi_temp_path ${scratch}/nginx-uwsgi;
        scgi_temp_path ${scratch}/nginx-scgi;
        server { listen 127.0.0.1:${port}; root ${nginx.root}; }
      }`)
    nginx.file("ready", "ready")
    nginx.process = spawnOwned("nginx", ["-e", `${scratch}/nginx.error.log`, "-p", scratch, "-c", configuration], {
      stdio: ["ignore", "inherit", "inherit"],
      endSignal: "SIGTERM", // the master ends its workers
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    })
    await eventually("nginx to answer", () => send("GET", `${nginx.url}/ready`, { expected: [200] }).catch(() => false))
    return nginx
  }

  file(name, content) {
    writeFileSync(join(this.root, name), content)
    return `${this.url}/${name}`
  }

  /** SIGTERM to the master, which ends its workers. */
  async stop() {
    if (this.process.exitCode !== null) return
    this.process.kill("SIGTERM")
    await once(this.process, "exit")
  }
}
