import FoundationEssentials
import NIOCore
import NIOSSL

/// Where streams are served, taken apart.
struct StreamEndpoint: Sendable {
    let host: String
    let port: Int
    let path: String
    let tls: NIOSSLContext?

    /// - Throws: ``ExchangeError/Code/invalidRequest`` for what is no `ws://` or `wss://` URL.
    init(url text: String, path suffix: String) throws(ExchangeError) {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty,
            let scheme = url.scheme?.lowercased(), scheme == "ws" || scheme == "wss"
        else {
            throw ExchangeError(
                .invalidRequest,
                "\"\(text)\" is not a stream URL; it should look like wss://stream.binance.com:9443"
            )
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = url.port ?? (scheme == "wss" ? 443 : 80)
        let folder = url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path
        path = folder + suffix
        guard scheme == "wss" else {
            tls = nil
            return
        }
        do {
            tls = try NIOSSLContext(configuration: .makeClientConfiguration())
        } catch {
            throw ExchangeError(
                .invalidRequest,
                "TLS cannot be set up: \(error); check the system's certificates",
                underlying: error
            )
        }
    }

    /// The name for the server to choose its certificate by; addresses have none.
    var serverName: String? { (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil }

    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (tls == nil ? 80 : 443) ? name : "\(name):\(port)"
    }
}
