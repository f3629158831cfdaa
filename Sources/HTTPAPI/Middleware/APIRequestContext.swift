import Hummingbird
import NIOCore

/// What belongs to one request.
struct APIRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Names the request in the answer, in the log, and in the client's own log.
    var requestID = ""
    /// Who sent the request; nil where nobody is asked.
    var principal: Principal?
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
