import HTTPTypes
import Testing

@testable import HTTPAPI

@Suite("What the client can undo")
struct AcceptedEncodingsTests {
    @Test(
        "gzip is taken if it is allowed and nothing is liked better",
        arguments: [
            ("gzip", true), ("GZIP", true), ("x-gzip", true), ("deflate, gzip;q=1.0, br", true), ("*", true),
            ("*;q=0.1", true), ("gzip;q=0.001", true), ("gzip ; Q=0.5 , identity;q=0.5", true),
            ("gzip;q=1, identity;q=0", true), ("br\t,\tgzip\t;\tq=1.000", true),
            ("", false), ("identity", false), ("br", false), ("gzip;q=0", false), ("gzip;q=0.000", false),
            ("*;q=0", false), ("*, gzip;q=0", false), ("gzip;q=0.5, identity;q=0.6", false), ("gzip;q=2", false),
            ("gzip;q=1.001", false), ("gzip;q=0.0001", false), ("gzip;q=a", false), ("gzip;q", false), ("gzip;", true),
            ("gzip;x=1", false), ("gzipped", false), (",;,=", false), ("identity;q=0", false),
        ]
    )
    func header(value: String, isTaken: Bool) {
        #expect(AcceptedEncodings([.acceptEncoding: value]).prefersGzip == isTaken)
    }

    @Test("several headers are one list, and none allows nothing")
    func headers() {
        var headers = HTTPFields()
        #expect(!AcceptedEncodings(headers).prefersGzip)
        headers.append(HTTPField(name: .acceptEncoding, value: "br"))
        headers.append(HTTPField(name: .acceptEncoding, value: "gzip;q=0.3"))
        #expect(AcceptedEncodings(headers).prefersGzip)
    }
}
