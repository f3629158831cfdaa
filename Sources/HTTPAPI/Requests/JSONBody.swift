import HTTPTypes
import Hummingbird
import NIOCore
import Trading

extension Request {
    /// The body as JSON.
    ///
    /// - Throws: ``Problem`` (400, 413, 415).
    func jsonBody(limit: Int) async throws -> JSONValue {
        try refuseOtherMediaTypes()
        if let announced = headers[.contentLength].flatMap({ Int($0) }), announced > limit {
            throw Problem.tooLarge(limit: limit)
        }
        let buffer = try await body.collect(upTo: limit)
        guard buffer.readableBytes > 0 else { throw Problem.missingBody }
        // Without a type a page of another site could send it from a user's browser.
        guard headers[.contentType] != nil else {
            throw Problem.unsupportedMediaType("Say what the body is: send the header Content-Type: application/json.")
        }
        do {
            return try JSONValue(bytes: Array(buffer.readableBytesView))
        } catch {
            throw Problem.malformedJSON(error)
        }
    }

    private func refuseOtherMediaTypes() throws {
        if let coding = headers[.contentEncoding], coding.lowercased() != "identity" {
            throw Problem.unsupportedMediaType("Bodies are taken uncompressed only, not as \(coding.shortened).")
        }
        guard let type = headers[.contentType] else { return }
        let parts = type.lowercased().split(separator: ";", omittingEmptySubsequences: false)
            .map { $0.trimmingPrefix { $0 == " " || $0 == "\t" } }
        let name = parts.first.map { $0.prefix { $0 != " " && $0 != "\t" } } ?? ""
        guard name == "application/json" else {
            throw Problem.unsupportedMediaType(
                "The body must be application/json, not \(type.shortened). "
                    + "With curl: --json '{…}' or -H 'Content-Type: application/json'."
            )
        }
        for parameter in parts.dropFirst() where parameter.hasPrefix("charset=") {
            let charset = parameter.dropFirst("charset=".count).filter { $0 != "\"" && $0 != " " }
            guard charset == "utf-8" || charset == "utf8" else {
                throw Problem.unsupportedMediaType("JSON is UTF-8; the charset \(charset) cannot be taken.")
            }
        }
    }
}
