import FoundationEssentials
import Logging
import ServiceLifecycle

/// Reads files again when one of them has changed, so that what they say counts without a restart.
struct WatchedFilesService: Service {
    /// How often the files are looked at: so long at most what was taken out of them still counts.
    private static let interval = Duration.seconds(1)

    /// Empty if it came from somewhere else: then there is nothing to do.
    let paths: [String]
    /// What they say, for the log.
    let what: String
    let logger: Logger
    /// Takes the texts of the files, in their order.
    let apply: @Sendable ([String]) throws -> Void

    func run() async throws {
        var known = texts()
        while !Task.isShuttingDownGracefully {
            // A file has no way to say that it changed that works on every volume it may be mounted from.
            do { try await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) } } catch { return }
            guard !paths.isEmpty, let now = texts(), now != known else { continue }
            known = now
            do {
                try apply(now)
                logger.info("Read anew: \(what)", metadata: ["paths": "\(paths.joined(separator: ", "))"])
            } catch {
                logger.error(
                    "The new \(what) cannot be used and changed nothing: \(error)",
                    metadata: ["paths": "\(paths.joined(separator: ", "))"]
                )
            }
        }
    }

    /// Nil if one cannot be read, as for a moment while it is replaced.
    private func texts() -> [String]? {
        let texts = paths.compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
        return texts.count == paths.count ? texts : nil
    }
}
