import Dashboard
import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@Suite("The dashboard's files", .timeLimit(.minutes(5)))
struct DashboardRouteTests {
    private static let contentSecurityPolicy = HTTPField.Name("Content-Security-Policy")!

    @Test("everything that the page needs is there, and nothing more")
    func files() async throws {
        try await APIFixture.offline { api in
            let page = try await api.get("/")
            #expect(page.status == .ok)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            var wanted = Set(page.text.matches(of: /"\/dashboard\/([a-z.]+)"/).map { String($0.1) })
            var bytes = page.body.readableBytes
            for (name, type) in DashboardFile.all.mapValues(\.mediaType) {
                let file = try await api.get("/dashboard/\(name)")
                #expect(file.status == .ok)
                #expect(file.headers[.contentType] == type)
                #expect(file.headers[.xContentTypeOptions] == "nosniff")
                bytes += file.body.readableBytes
                wanted.formUnion(file.text.matches(of: /(?:from |import\()"\.\/([a-z.]+)"/).map { String($0.1) })
            }
            #expect(wanted == Set(DashboardFile.all.keys))
            // Of all views; what the first one needs is measured in a browser.
            #expect(bytes < 200_000)
            _ = try await api.get("/dashboard/nothing.js").problem(.notFound, "not-found")
        }
    }

    @Test("the browser is told to load nothing from elsewhere, and to make no text a program")
    func policy() async throws {
        try await APIFixture.offline { api in
            for path in ["/", "/dashboard/app.js"] {
                let policy = try #require(try await api.get(path).headers[Self.contentSecurityPolicy])
                for rule in [
                    "default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
                    "require-trusted-types-for 'script'",
                ] {
                    #expect(policy.contains(rule))
                }
                #expect(!policy.contains("unsafe"))
            }
            let page = try await api.get("/").text
            #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("style=\""))
        }
    }

    @Test("a file that is known already is not sent again")
    func notModified() async throws {
        try await APIFixture.offline { api in
            for path in ["/", "/dashboard/style.css"] {
                let first = try await api.get(path)
                let tag = try #require(first.headers[.eTag])
                #expect(first.headers[.cacheControl] == "no-cache")
                let again = try await api.get(path, headers: [.ifNoneMatch: "\"other\", \(tag)"])
                #expect(again.status == .notModified)
                #expect(again.headers[.eTag] == tag)
                #expect(again.body.readableBytes == 0)
                #expect(try await api.get(path, headers: [.ifNoneMatch: "\"other\""]).status == .ok)
            }
        }
    }
}
