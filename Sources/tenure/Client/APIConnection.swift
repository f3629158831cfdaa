import AsyncHTTPClient
import NIOSSL
import Synchronization

/// What carries the requests of commands.
enum APIConnection {
    /// Clients with authorities of their own; they live as long as the process, as the shared one does.
    private static let clients = Mutex<[String: HTTPClient]>([:])

    /// - Parameter authority: A file of PEM certificates that are trusted, instead of those that the machine trusts; nil: these.
    /// - Throws: `NIOSSLError` if it is no such file.
    static func client(trusting authority: String?) throws -> HTTPClient {
        guard let authority else { return .shared }
        return try clients.withLock { clients in
            if let known = clients[authority] { return known }
            // Now, so that it is said of the file and not of the first request.
            guard try !NIOSSLCertificate.fromPEMFile(authority).isEmpty else {
                throw NIOSSLError.failedToLoadCertificate
            }
            var configuration = HTTPClient.Configuration.singletonConfiguration
            var encryption = TLSConfiguration.makeClientConfiguration()
            encryption.trustRoots = .file(authority)
            configuration.tlsConfiguration = encryption
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[authority] = client
            return client
        }
    }
}
