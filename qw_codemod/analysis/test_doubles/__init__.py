"""Which test doubles of a project would break if a call got another argument or another form.

    def test_frame():
        client = MagicMock()
        client.query.return_value.to_dataframe.return_value = FRAME     a stub
        assert frame(client) is FRAME
        client.query.return_value.result.assert_called_once_with()      an assertion about a call

    class FakeJob:                                                      a fake
        def result(self, max_results=None): ...

`facts.stubs` and `facts.fakes` read one test file into rows, plain values of that file alone: the
trail `client`, `query()`, `result` of the assertion and the keywords that it expects, or the
keywords that `FakeJob.result` takes. `compatibility` answers from these rows, for each question
once: does a test refuse `result(timeout=...)` of what `query()` gives? Here both the assertion and
the fake do.

What remains is which of these tests can run the call that is to change. `call_graph` follows names
from a test function to all that may run because of it; `reachability` tells which files and
definitions a test that uses a double can run. The test above is in the way of `frame` and of what
`frame` calls, and of nothing else in that file.
"""
