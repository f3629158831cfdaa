/// HAProxy in front of servers on this machine.
package struct LoadBalancerConfiguration: Sendable {
    package struct Backend: Sendable {
        package var name: String
        package var port: Int

        package init(name: String, port: Int) {
            self.name = name
            self.port = port
        }
    }

    package var port: Int
    package var backends: [Backend]
    /// Answers 200 where the server may take traffic.
    package var readinessPath: String
    package var checkInterval: Duration
    /// Every line HAProxy writes: when a server comes and goes.
    package var log: @Sendable (String) -> Void

    package init(
        port: Int,
        backends: [Backend],
        readinessPath: String = "/readyz",
        checkInterval: Duration = .milliseconds(250),
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.port = port
        self.backends = backends
        self.readinessPath = readinessPath
        self.checkInterval = checkInterval
        self.log = log
    }

    /// What is answered while no server can be asked: a problem document (RFC 9457), like every error of the servers.
    private static let noReplica = """
        {"type":"urn:tenure:problem:no-replica","title":"No replica is ready","status":503,\
        "detail":"No replica takes requests at the moment. Nothing was done. Try again in a moment."}
        """

    /// The configuration file.
    ///
    /// - A server that cannot be reached or does not answer is *down*: its connections are closed. One that answers
    ///   anything but 200 is *draining*: no new requests, but those under way are finished.
    /// - A request that did not reach a server is sent to another one. One that may have been received is repeated only
    ///   if it is a GET or HEAD.
    /// - Each request has a connection of its own to the server, so none is lost to a kept one that just closes.
    /// - A stream of events may be silent for an hour.
    /// - The port belongs to one HAProxy: without `noreuseport` two of them would share its connections between them.
    func file(adminSocket: String) -> String {
        let interval = checkInterval / .milliseconds(1)
        let servers = backends.map { "    server \($0.name) 127.0.0.1:\($0.port) check" }.joined(separator: "\n")
        return """
            global
                maxconn 1000
                noreuseport
                hard-stop-after 2s
                stats socket \(adminSocket) mode 600 level admin

            defaults
                mode http
                maxconn 1000
                timeout connect 1s
                timeout check 1s
                timeout queue 5s
                timeout http-request 10s
                timeout http-keep-alive 1m
                timeout client 1h
                timeout server 1h
                http-error status 503 content-type application/problem+json string '\(Self.noReplica)'

            frontend http
                bind 127.0.0.1:\(port)
                default_backend replicas

            backend replicas
                balance leastconn
                option forwardfor
                option http-server-close
                retries 3
                option redispatch 1
                retry-on conn-failure empty-response
                http-request disable-l7-retry unless METH_GET
                option httpchk GET \(readinessPath)
                http-check expect status 200 error-status L7OKC
                default-server inter \(Int(interval))ms fastinter 100ms fall 2 rise 1 on-marked-down shutdown-sessions
            \(servers)

            """
    }
}
