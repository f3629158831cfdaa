import Testing

@testable import Hosting

@Suite("Orders that a commit has put into the journal")
struct NewOrdersTests {
    @Test("may be sent without asking again for a moment; others, and those of a late answer, may not")
    func moment() {
        let began = ContinuousClock.now
        let orders = NewOrders(ids: ["a"], asOf: began)
        #expect(orders.allows("a", at: began + .milliseconds(999)))
        #expect(!orders.allows("a", at: began + .seconds(1)))
        #expect(!orders.allows("b", at: began))
        #expect(!NewOrders.none.allows("a", at: began))
    }
}
