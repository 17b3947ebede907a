"""The front end in a real kernel, seen through the messages that it sends."""

from __future__ import annotations

IMPORTS = "import mars, mars.dataframe as md, mars.tensor as mt, mars.remote as mr\nimport sys, time\n"
ALIASED = "[name for name in sys.modules if name.partition('.')[0] == 'mars']"


def data(contents: list[dict]) -> list[dict]:
    return [content["data"] for content in contents]


class TestExtension:
    def test_alias_gives_the_same_modules(self, kernel):
        code = "mars is sys.modules['mars_nb'], md is sys.modules['mars_nb.dataframe'], mt is mars.tensor"
        assert kernel.ok(IMPORTS + code).result == "(True, True, True)"

    def test_before_loading_there_is_no_mars(self, bare):
        ran = bare.run("import mars")
        assert ran.reply["ename"] == "ModuleNotFoundError"

    def test_unload_takes_everything_away(self, kernel):
        kernel.ok(IMPORTS)
        kernel.ok("%unload_ext mars_nb")
        assert kernel.ok(ALIASED).result == "[]"
        assert kernel.run("import mars").reply["ename"] == "ModuleNotFoundError"
        assert "`%mars_session` not found" in kernel.run("%mars_session").stream("stderr")
        assert "not found" in kernel.run("%%mars_session a\n1").stream("stderr")

    def test_reload(self, kernel):
        kernel.ok(IMPORTS)
        for _ in range(2):
            ran = kernel.ok("%reload_ext mars_nb")
            assert not ran.stream("stderr")
        assert kernel.ok("import mars.tensor\nmars.tensor is mt").result == "True"
        assert kernel.ok("%mars_session").of("display_data")

    def test_loading_is_silent_and_loads_no_widgets(self, bare):
        ran = bare.ok("%load_ext mars_nb")
        assert {message["msg_type"] for message in ran.messages} == {"status", "execute_input"}

    def test_missing_module(self, kernel):
        ran = kernel.run("import mars.learn")
        assert ran.reply["ename"] == "ModuleNotFoundError"
        assert "which has no 'learn'" in ran.reply["evalue"]


class TestMagics:
    def test_new_list_use_close(self, kernel):
        assert "session 'etl' is open, 2 threads" in kernel.ok("%mars_session new etl --threads 2").stream("stdout")
        kernel.ok('%mars_session new "my tests" --no-default')
        # Shown wherever it stands in the cell, in both forms.
        (table,) = data(kernel.ok("%mars_session\n1 + 1").of("display_data"))
        assert table["text/plain"].splitlines()[1].split()[:3] == ["*", "etl", "2"]
        assert "<td" in table["text/html"]
        assert "my tests" in table["text/html"]
        kernel.ok("%mars_session use 'my tests'")
        assert "my tests" in kernel.ok("import mars\nmars.get_default_session()").result
        assert "is closed" in kernel.ok("%mars_session close etl").stream("stdout")
        (page,) = data(kernel.ok("%mars_session info").of("display_data"))
        assert "Session 'my tests', the default" in page["text/plain"]

    def test_wrong_names_are_one_line(self, kernel):
        kernel.ok("%mars_session new weather")
        ran = kernel.run("%mars_session use weathr")
        assert ran.reply["status"] == "error"
        assert not ran.of("error")
        said = ran.stream("stderr")
        assert said == "UsageError: %mars_session: no session named 'weathr'; did you mean 'weather'?\n"

    def test_help(self, kernel):
        (payload,) = kernel.ok("%mars_session?").reply["payload"]
        assert "%mars_session new [NAME] [--threads N]" in payload["data"]["text/plain"]

    def test_cell(self, kernel):
        kernel.ok(IMPORTS + "%mars_session new one\n%mars_session new two --no-default")
        ran = kernel.ok("%%mars_session two\nt = mt.ones(3)\nt.execute()")
        assert ran.result == "array([1., 1., 1.])"
        assert kernel.ok("mars.get_default_session().name").result == "'one'"
        assert kernel.ok("len(mars.get_session('two').results)").result == "1"

    def test_cell_that_raises_is_one_error(self, kernel):
        kernel.ok(IMPORTS + "%mars_session new one\n%mars_session new two --no-default")
        ran = kernel.run("%%mars_session two\nx = 1\nx / 0")
        assert ran.reply["status"] == "error"
        assert len(ran.of("error")) == 1
        assert "----> 3 x / 0" in "\n".join(ran.error)
        assert kernel.ok("mars.get_default_session().name").result == "'one'"


class TestIsolationError:
    def test_says_what_where_and_what_to_type(self, kernel):
        kernel.ok(IMPORTS + "%mars_session new etl")
        kernel.ok("df = md.DataFrame([[1, 2], [3, 4]])\ndf.execute()")
        ran = kernel.run("sess = mars.new_session(name='other', default=False)\ndf.fetch(session=sess)")
        assert ran.reply["ename"] == "IsolationError"
        lines = ran.error
        assert len(lines) <= 20
        assert lines[0].startswith(
            "IsolationError (ValueError): Cannot fetch unexecuted tileable: DataFrame(op=DataFrameDataSource)"
        )
        text = "\n".join(lines)
        for words in (
            "line 2\n      1 sess = mars.new_session(name='other', default=False)\n--->  2 df.fetch(session=sess)",
            "object   df = DataFrame(op=DataFrameDataSource)",
            "asked    session 'other'",
            "held by  session 'etl'",
        ):
            assert words in text
        typed = [line.strip() for line in lines[lines.index("What to type:") + 1 :]]
        assert typed == [
            "df.fetch(session=mars.get_session('etl'))",
            "df.execute(session=sess)  # compute it in session 'other'",
        ]
        for line in typed:
            assert kernel.ok(line).result.split() == "0 1 0 1 2 1 3 4".split()

    def test_in_a_cell_of_a_session(self, kernel):
        kernel.ok(IMPORTS + "%mars_session new one\n%mars_session new two --no-default\nt = mt.ones(2).execute()")
        ran = kernel.run("%%mars_session two\nx = 1\nt.fetch()")
        text = "\n".join(ran.error)
        assert "--->  3 t.fetch()" in text
        assert "run_cell_magic" not in text
        assert "asked    session 'two'" in text
        assert ", line 3" in text

    def test_closed_session(self, kernel):
        kernel.ok(IMPORTS + "with mars.new_session(name='gone') as sess:\n    t = mt.ones(2).execute()")
        ran = kernel.run("t.fetch(session=sess)")
        assert ran.error[0].startswith("SessionClosed (RuntimeError): Session closed already: 'gone'")
        assert "    mars.new_session()  # a new default session" in ran.error
        assert len(ran.error) <= 20
