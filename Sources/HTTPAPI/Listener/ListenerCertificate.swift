import NIOCore
import NIOSSL
import Synchronization

/// The certificate that the listener shows, and its key. Replaced, it counts for every connection from then on.
package final class ListenerCertificate: Sendable {
    private let current: Mutex<NIOSSLContext>

    /// - Parameters:
    ///   - chain: The certificate, and those between it and its authority, as PEM.
    ///   - key: As PEM, not encrypted.
    /// - Throws: ``ListenerCertificateError``.
    package init(chain: String, key: String) throws {
        current = Mutex(try Self.context(chain, key))
    }

    /// - Throws: ``ListenerCertificateError``: then it stays as it was.
    package func replace(chain: String, key: String) throws {
        let new = try Self.context(chain, key)
        current.withLock { $0 = new }
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    private static func context(_ chain: String, _ key: String) throws -> NIOSSLContext {
        let certificates: [NIOSSLCertificate]
        do { certificates = try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8)) } catch {
            throw ListenerCertificateError("the certificate is not PEM: -----BEGIN CERTIFICATE----- …")
        }
        guard !certificates.isEmpty else { throw ListenerCertificateError("there is no certificate in it") }
        let secret: NIOSSLPrivateKey
        do { secret = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem) } catch {
            throw ListenerCertificateError("the key is not PEM without a password: -----BEGIN PRIVATE KEY----- …")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(secret)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw ListenerCertificateError("the key is not that of the certificate")
        }
    }
}

/// Why a certificate cannot be shown.
package struct ListenerCertificateError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
