import FoundationEssentials
import HTTPAPI
import Logging
import ServiceLifecycle

/// Reads the file of access tokens again when it has changed, so that a token can be given or taken away without a restart.
struct AccessFileService: Service {
    /// How often the file is looked at: so long at most a token that was taken away still works.
    private static let interval = Duration.seconds(1)

    /// Nil if the tokens came from somewhere else: then there is nothing to do.
    let path: String?
    let access: AccessControl
    let logger: Logger

    func run() async throws {
        var known = path.flatMap(text)
        while !Task.isShuttingDownGracefully {
            // A file has no way to say that it changed that works on every volume it may be mounted from.
            do { try await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) } } catch { return }
            guard let path, let now = text(path), now != known else { continue }
            known = now
            do {
                let tokens = try AccessTokens(now)
                access.replace(tokens)
                logger.info("Access tokens read anew: \(tokens.tokens.count)", metadata: ["path": "\(path)"])
            } catch {
                logger.error(
                    "The access tokens stay as they were, because the new ones are wrong: \(error)",
                    metadata: ["path": "\(path)"]
                )
            }
        }
    }

    /// Nil if it cannot be read, as for a moment while it is replaced.
    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
