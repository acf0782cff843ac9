from tests.deploy.fixtures import tools

__all__ = ["tools"]
